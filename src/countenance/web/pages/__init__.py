"""The pages, one file per part of the product; each makes one blueprint."""
