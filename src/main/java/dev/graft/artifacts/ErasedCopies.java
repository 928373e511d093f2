package dev.graft.artifacts;

import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.util.unit.DataSize;

/** Removes this machine's copies of content that is being erased, and links to it. */
public final class ErasedCopies {
  private static final Logger log = LoggerFactory.getLogger(ErasedCopies.class);

  private final ErasedContent content;
  private final BlobCache cache;
  private final Set<String> known = new HashSet<>();

  public ErasedCopies(ErasedContent content, BlobCache cache) {
    this.content = content;
    this.cache = cache;
  }

  /** Removes what is not in use now; the next call removes the rest. */
  @Scheduled(initialDelay = 1, fixedDelay = 10, timeUnit = TimeUnit.MINUTES)
  public synchronized void forget() {
    try {
      ErasedContent.Erased erased = content.of(cache.held());
      boolean more = known.addAll(erased.erasures());
      if (more || !erased.digests().isEmpty()) cache.forget(erased.digests());
    } catch (IOException | RuntimeException away) {
      log.atWarn().addKeyValue("cause", away.toString()).log("erased_copies_kept");
    }
  }

  /** Copies of blobs in a bucket are in {@code copies} of the server's data directory. */
  @Configuration(proxyBeanMethods = false)
  static class CopiesConfiguration {
    /** One part in ten of the disk stays free for staged content and the database. */
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
}
