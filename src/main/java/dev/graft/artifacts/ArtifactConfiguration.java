package dev.graft.artifacts;

import dev.graft.artifacts.s3.S3Properties;
import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.file.Path;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The server's blobs: in {@code artifacts} of its data directory, or in a bucket. */
@Configuration(proxyBeanMethods = false)
class ArtifactConfiguration {
  @Bean(destroyMethod = "close")
  ArtifactStore artifactStore(GraftProperties graft, S3Properties bucket, Publications publications)
      throws IOException {
    Path root = graft.dataDir().resolve("artifacts");
    return bucket.enabled()
        ? S3ArtifactStore.open(bucket, root, publications)
        : FileArtifactStore.open(root);
  }
}
