package dev.graft.platform;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What every role needs to know; each module adds its own record under {@code graft.<module>}.
 *
 * @param dataDir where this node keeps everything: database (if embedded), artifacts, work files
 */
@ConfigurationProperties("graft")
public record GraftProperties(@DefaultValue(".graft") Path dataDir) {}
