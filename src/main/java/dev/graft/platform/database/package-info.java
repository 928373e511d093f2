/**
 * The embedded PostgreSQL, locks by name, and reading PostgreSQL's types from a row.
 *
 * <p>Without a configured database, {@link dev.graft.platform.database.DatabaseInitializer} gives
 * the context the PostgreSQL of the data directory. One process holds the directory ({@link
 * dev.graft.platform.database.LocalDatabase}); commands connect beside it.
 *
 * <p>How it fails: a killed Graft's postmaster is adopted, a killed postmaster recovers from its
 * log, a cluster is whole or absent, and a cluster of another major version is refused. What the
 * machine lacks is a {@link dev.graft.platform.MachineLacks}.
 */
@NullMarked
@NamedInterface("database")
package dev.graft.platform.database;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
