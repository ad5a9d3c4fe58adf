"""From events to what people look at: curves, charts, tables. No screen of its own."""
