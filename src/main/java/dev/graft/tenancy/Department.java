package dev.graft.tenancy;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A department: an OpenAI project. */
public record Department(String id, String name, Instant createdAt, @Nullable Instant archivedAt) {}
