package dev.graft.platform.database;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How a server hears from others by way of the database.
 *
 * @param listen whether the server listens for notifications of PostgreSQL, by a connection of its
 *     own; else it only looks from time to time
 * @param listenUrl JDBC URL of that connection, where {@code spring.datasource.url} leads to a
 *     pooler in transaction mode
 */
@ConfigurationProperties("graft.database")
record DatabaseProperties(@DefaultValue("true") boolean listen, @Nullable String listenUrl) {}
