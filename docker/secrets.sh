#!/bin/sh
# Makes docker/secrets/ for compose.yaml, once: random passwords, a token, and the files that each service reads. Prints what people need.
# Usage: docker/secrets.sh   Needs the image tuberlens:0.1.0, which hashes the administrator's password; or CREDENTIAL="sh -c" with a build
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then echo "docker/secrets is there already; remove it to make new ones" >&2; exit 1; fi
umask 077
mkdir secrets
trap '[ $? = 0 ] || rm -rf secrets' EXIT
random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
sha256() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
token=$(random) admin=$(random) pacs=$(random) reader=$(random)

# Orthanc may store, an administrator may look and act; of their secrets only hashes are kept here
hashed=$(cd .. && printf '%s\n' "$admin" | ${CREDENTIAL:-docker run --rm -i --entrypoint sh tuberlens:0.1.0 -c} \
  'file=$(mktemp -d)/clients && node dist/cli/main.js credential password admin --scopes read,admin --file "$file" && cat "$file"')
cat > secrets/tuberlens-clients << END
orthanc stow token:$(sha256 "$token")
$hashed
END
printf %s "$pacs" > secrets/orthanc-password
cat > secrets/orthanc-secrets.json << END
{
  "RegisteredUsers": { "tuberlens": "$pacs", "reader": "$reader" },
  "DicomWeb": {
    "Enable": true,
    "Root": "/dicom-web/",
    "Servers": { "tuberlens": { "Url": "http://tuberlens:8080/dicom-web/", "HttpHeaders": { "Authorization": "Bearer $token" } } }
  }
}
END
# each file is read by one user: tuberlens by 10001, Orthanc by root. Who is not root cannot give files away: then the folder alone protects them
if [ "$(id -u)" = 0 ]; then
  chown 10001:10001 secrets/tuberlens-clients secrets/orthanc-password
  chmod 400 secrets/*
else
  chmod 444 secrets/*
fi
echo "Orthanc and OHIF: user reader, password $reader"
echo "tuberlens: user admin, password $admin"
