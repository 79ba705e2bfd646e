#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""validate_json.py SCHEMA FOLDER: holds every file of the folder against the schema.

NAME.json is one document, NAME.jsonl one JSON value per line. Prints a line per file, "NAME: good" or
"NAME: bad: WHERE: WHY" for the first value that does not fit; what to make of it is up to the caller. All files in
one run, since starting Python and loading the schema takes longer than using it. Needs python3-jsonschema.
"""

import json
import pathlib
import sys

import jsonschema


def values(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return [json.loads(text)]
    return [json.loads(line) for line in text.splitlines()]


def complaint(validator, path):
    try:
        for number, value in enumerate(values(path), start=1):
            errors = list(validator.iter_errors(value))
            # A key whose value is wrong counts as unevaluated, too: what is wrong with the value says more.
            telling = [error for error in errors if error.validator != "unevaluatedProperties"]
            error = jsonschema.exceptions.best_match(telling or errors)
            if error is not None:
                return f"value {number} at {error.json_path}: {error.message[:400]}"
    except ValueError as error:
        return f"not JSON: {error}"
    return None


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted(pathlib.Path(sys.argv[2]).iterdir()):
        found = complaint(validator, path)
        print(f"{path.name}: " + ("good" if found is None else f"bad: {found}".replace("\n", " ")))


if __name__ == "__main__":
    main()
