package dev.graft.jobs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * One version of a named configuration.
 *
 * @param id {@code ac_...}, or the name of a preset
 * @param adapter as a job would say it
 */
record AdapterConfigVersion(
    String id,
    String name,
    int version,
    @Nullable String description,
    ObjectNode adapter,
    Instant createdAt,
    boolean preset) {}
