package dev.graft.artifacts;

import dev.graft.platform.GraftProperties;
import java.io.IOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The server's blobs: in a directory, by default of its data directory, or in a bucket. */
@Configuration(proxyBeanMethods = false)
class ArtifactConfiguration {
  @Bean(destroyMethod = "close")
  ArtifactStore artifactStore(
      GraftProperties graft,
      StoreProperties directory,
      S3Properties bucket,
      Publications publications)
      throws IOException {
    return bucket.enabled()
        ? S3ArtifactStore.open(bucket, graft.dataDir().resolve("artifacts"), publications)
        : FileArtifactStore.open(directory.root(graft));
  }
}
