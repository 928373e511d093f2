package dev.graft.platform;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits on requests.
 *
 * @param maxBody of a request that is read into memory, such as JSON; files are streamed and have
 *     limits of their own
 */
@ConfigurationProperties("graft.http")
record HttpProperties(@DefaultValue("8MB") DataSize maxBody) {}
