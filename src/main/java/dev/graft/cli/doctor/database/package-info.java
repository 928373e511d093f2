/**
 * Checks of the database: the one that the settings name, or the embedded PostgreSQL of the data
 * directory. Version, rights, clock and migrations are read; nothing is migrated, and an embedded
 * one that is stopped is not started.
 */
@NullMarked
package dev.graft.cli.doctor.database;

import org.jspecify.annotations.NullMarked;
