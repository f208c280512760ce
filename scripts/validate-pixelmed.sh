#!/bin/sh
# Checks Structured Reports against the templates of PS3.16 with PixelMed's DicomSRValidator, the strictest there is for TID 1500.
#
#   scripts/validate-pixelmed.sh REPORT.dcm…
#
# It needs Java and pixelmed.jar, which nothing here downloads: on Debian `apt-get install default-jre-headless libpixelmed-java`,
# elsewhere from https://www.pixelmed.com; then PIXELMED_JAR names the file. It takes some 20 s a file.
#
# Exits with 1 when a file has an error or a warning, but for two things that the standard allows and the validator does not know:
# - TID 1501 is extensible (PS3.16 6.2.4), so more may stand in a measurement group than it names: whether the slice shows a tuber,
#   a comment, and the finding category, which later editions do name;
# - the probability of a slice that failed has a qualifier and no value (PS3.3 C.18.1, Measured Value Sequence Type 2).
set -u
jar=${PIXELMED_JAR:-/usr/share/java/pixelmed.jar}
[ $# -gt 0 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
command -v java > /dev/null || { echo 'java is not installed' >&2; exit 69; }
[ -r "$jar" ] || { echo "$jar is not there: PIXELMED_JAR names pixelmed.jar" >&2; exit 69; }

extensions='^Warning: .*(TSC-TUBER,99TSCAI|TEXT \(121106,DCM,"Comment"\)|CODE \(276214006,SCT,"Finding category"\)).*: Content Item not in template$'
failures='^Error: Template 300 Measurement/.*NUM \(122157,DCM,"Probability"\): Missing value$'
# the rules, compiled to one XSLT, are larger and deeper than Java allows of itself
limits='-Xss64m -Djdk.xml.xpathTotalOpLimit=0 -Djdk.xml.xpathExprGrpLimit=0 -Djdk.xml.xpathExprOpLimit=0'
failed=0
for file in "$@"; do
  # shellcheck disable=SC2086
  words=$(java $limits -Djava.awt.headless=true -cp "$jar:/usr/share/java/*" com.pixelmed.validate.DicomSRValidator "$file" 2>&1 < /dev/null)
  complaints=$(printf '%s\n' "$words" | grep -E '^(Error|Warning)' | grep -vE "$extensions|$failures")
  # it exits with 0 whatever it finds, and what ends it early leaves out the last line
  if [ -z "$complaints" ] && printf '%s\n' "$words" | grep -q 'Root Template Validation Complete' && printf '%s\n' "$words" | grep -q 'IOD validation complete'; then
    printf '%s: ok\n' "$file"
  else
    failed=1
    printf '%s: FAILED\n%s\n' "$file" "${complaints:-$words}"
  fi
done
exit $failed
