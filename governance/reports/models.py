"""What the room of reports keeps."""

from governance.reports.public.models import PublicPage, PublicSummary

__all__ = ["PublicPage", "PublicSummary"]
