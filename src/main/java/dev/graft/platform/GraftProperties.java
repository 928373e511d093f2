package dev.graft.platform;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of every role; each module adds its own record under {@code graft.<module>}.
 *
 * @param dataDir the directory for this node's data: embedded database, artifacts, work files
 */
@ConfigurationProperties("graft")
public record GraftProperties(@DefaultValue(".graft") Path dataDir) {}
