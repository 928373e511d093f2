package dev.graft.artifacts;

import dev.graft.platform.GraftProperties;
import java.io.IOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The server's blobs lie in {@code artifacts} of its data directory. */
@Configuration(proxyBeanMethods = false)
class ArtifactConfiguration {
  @Bean(destroyMethod = "close")
  FileArtifactStore artifactStore(GraftProperties properties) throws IOException {
    return FileArtifactStore.open(properties.dataDir().resolve("artifacts"));
  }
}
