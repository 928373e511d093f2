package dev.graft.platform;

/** OpenAI's confirmation that something is gone. */
public record DeletedObject(String id, String object, boolean deleted) {}
