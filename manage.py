import os
import sys


def main() -> int:
    """Run a command. What is wrong with the settings is one line, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as wrong:
        sys.stderr.write(f"{str(wrong).strip()}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
