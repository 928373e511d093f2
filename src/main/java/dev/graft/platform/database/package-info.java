/**
 * The embedded PostgreSQL, hints between servers, and conversions of PostgreSQL's types.
 *
 * <p>Without a configured database, {@link dev.graft.platform.database.DatabaseInitializer} starts
 * the PostgreSQL of the data directory. One process holds the directory ({@link
 * dev.graft.platform.database.LocalDatabase}); other commands connect to its PostgreSQL.
 *
 * <p>The postmaster of a killed Graft is adopted, a killed postmaster recovers from its log, a
 * cluster is never incomplete, and a cluster of another major version is refused. Problems of the
 * machine throw {@link dev.graft.platform.MachineLacks}.
 */
@NullMarked
@NamedInterface("database")
package dev.graft.platform.database;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
