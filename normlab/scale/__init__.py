"""Where a study's runs execute: in this process, or spread over worker processes; and how long that takes."""
