"""What programs may read, under /api/v1/: thin skins over the services, behind the same door as the pages."""
