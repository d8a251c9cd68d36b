"""Started as ``python path/to/worker serve|once|trace``: load this folder as a package and run it."""

import importlib
import importlib.util
import os
import sys

NAME = "bnlint_worker"


def main() -> None:
    """Load the package under a name that the user's own modules will not have, and hand over."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != here]
    spec = importlib.util.spec_from_file_location(
        NAME, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    role = ".trace" if sys.argv[1] == "trace" else ".zygote"
    importlib.import_module(NAME + role).main(sys.argv[1:])


if __name__ == "__main__":
    main()
