package dev.graft.platform;

/** OpenAI's confirmation that an object was deleted. */
public record DeletedObject(String id, String object, boolean deleted) {}
