#!/bin/sh
# The whole suite, then the coverage thresholds of the project. Arguments go to tap.
set -e
npx tap --allow-incomplete-coverage --coverage-report=text-summary "$@"
npx c8 report --temp-directory .tap/coverage --include 'src/**' --reporter=text-summary --check-coverage \
  --statements 95 --branches 90 --functions 95 --lines 95
