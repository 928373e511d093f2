package dev.graft.tenancy;

/** OpenAI's confirmation that something is gone. */
record Deleted(String id, String object, boolean deleted) {}
