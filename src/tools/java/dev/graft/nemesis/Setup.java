package dev.graft.nemesis;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a cluster.
 *
 * @param servers over one PostgreSQL
 * @param pooled whether several reach it by PgBouncer
 * @param s3proxy a jar; the artifacts of several servers lie in its bucket then, otherwise in a
 *     directory
 * @param fenced false: the program is broken on purpose ({@link Unfenced})
 */
record Setup(int servers, int workers, boolean pooled, @Nullable Path s3proxy, boolean fenced) {}
