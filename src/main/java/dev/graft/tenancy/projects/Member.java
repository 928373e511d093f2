package dev.graft.tenancy.projects;

import dev.graft.tenancy.Role;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A person's place in a department. */
record Member(String id, String email, @Nullable String name, Role role, Instant addedAt) {}
