"""The ground floor: families of parts, their fields, errors and safe text. No torch, no screen."""
