package dev.graft.artifacts;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Where the server keeps its blobs.
 *
 * @param directory root of the file store; by default {@code artifacts} in the data directory
 */
@ConfigurationProperties("graft.artifacts")
record ArtifactSettings(Path directory) {}
