"""What all rooms of `studies` rest on: languages, bulk reading of columns, write transactions. Imports no model of ours."""
