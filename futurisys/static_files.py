"""Static files as they are served outside development: hashed names, and compressed once when the server starts."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Gzip alone. Brotli, which comes with a tool of the tests, takes half a minute for the viewers of the API at each start."""

    def create_compressor(self, **options: Any) -> Compressor:
        """The maps of those viewers are megabytes that only their developers ask for."""
        return Compressor(
            **{**options, "extensions": [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"], "use_brotli": False}
        )
