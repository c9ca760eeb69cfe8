"""The bars of `check`: planted regressions are found, and an unchanged program never fails."""
