package dev.graft.artifacts;

import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.file.Files;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

/** Copies of what lies in a bucket are in {@code copies} of the server's data directory. */
@Configuration(proxyBeanMethods = false)
class CopiesConfiguration {
  /** What staged content and the database may still need. */
  private static final int FREE_SHARE = 10;

  @Bean(destroyMethod = "close")
  LocalCopies localCopies(ArtifactStore store, GraftProperties graft, S3Properties settings)
      throws IOException {
    return switch (store) {
      case FileArtifactStore files -> new LocalCopies(files, BlobCache.unbounded(files));
      case S3ArtifactStore bucket -> {
        FileArtifactStore copies = FileArtifactStore.open(graft.dataDir().resolve("copies"));
        long disk = Files.getFileStore(graft.dataDir()).getTotalSpace();
        DataSize most = settings.cacheSize();
        long size = most != null ? most.toBytes() : disk / 2;
        yield new LocalCopies(
            bucket, BlobCache.of(copies, new BlobCache.Bounds(size, disk / FREE_SHARE)));
      }
    };
  }

  @Bean
  ErasedCopies erasedCopies(LocalCopies copies, ErasedContent content) {
    return new ErasedCopies(content, copies.cache());
  }
}
