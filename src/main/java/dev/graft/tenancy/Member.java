package dev.graft.tenancy;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A person's place in a department. */
record Member(String id, String email, @Nullable String name, Role role, Instant addedAt) {}
