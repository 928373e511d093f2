package dev.graft.artifacts;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;

/** Copies on this machine of content that is being erased go, and links to it. */
public final class ErasedCopies {
  private static final Logger log = LoggerFactory.getLogger(ErasedCopies.class);

  private final ErasedContent content;
  private final BlobCache cache;
  private final Set<String> known = new HashSet<>();

  public ErasedCopies(ErasedContent content, BlobCache cache) {
    this.content = content;
    this.cache = cache;
  }

  /** What is in use just now goes the next time. */
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
}
