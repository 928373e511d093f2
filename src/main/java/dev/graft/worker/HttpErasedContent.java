package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ErasedContent;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.WorkerLink;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;

/** Asks the server which copies belong to departments that are being erased. */
record HttpErasedContent(WorkerLink link, Duration deadline) implements ErasedContent {
  /** Digests of one request. */
  private static final int MOST = 5_000;

  @Override
  public Erased of(Set<Digest> held) throws IOException {
    List<Digest> all = new ArrayList<>(held);
    Erased erased = new Erased(new HashSet<>(), new HashSet<>());
    for (int from = 0; from == 0 || from < all.size(); from += MOST) {
      List<Digest> some = all.subList(from, Math.min(all.size(), from + MOST));
      Erased answer = asked(Set.copyOf(some));
      erased.digests().addAll(answer.digests());
      erased.erasures().addAll(answer.erasures());
    }
    return erased;
  }

  private Erased asked(Set<Digest> held) throws IOException {
    try {
      byte[] answer =
          link.post(LeaseWire.ERASED_COPIES, new LeaseWire.HeldCopies(held), deadline)
              .orElseThrow(() -> new IOException("the server's answer is empty"));
      return LeaseWire.read(answer, Erased.class);
    } catch (LeaseRefused refused) {
      throw new IOException("the server refused to answer what is erased: " + refused.getMessage());
    }
  }

  /**
   * Deletes tokenised training files. Their departments are not known, so each erasure deletes all
   * of them. A run that reads one continues to read it, and the others are made again.
   */
  static final class ErasedTokens {
    private static final Logger log = LoggerFactory.getLogger(ErasedTokens.class);

    private final ErasedContent content;
    private final Path directory;
    private final Set<String> known = new HashSet<>();

    ErasedTokens(ErasedContent content, Path directory) {
      this.content = content;
      this.directory = directory;
    }

    @Scheduled(initialDelay = 1, fixedDelay = 10, timeUnit = TimeUnit.MINUTES)
    synchronized void forget() {
      try {
        Set<String> erasures = content.of(Set.of()).erasures();
        if (known.containsAll(erasures)) return;
        if (Files.isDirectory(directory)) delete();
        known.addAll(erasures);
      } catch (IOException | RuntimeException away) {
        log.atWarn().addKeyValue("cause", away.toString()).log("erased_tokens_kept");
      }
    }

    private void delete() throws IOException {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.tokens")) {
        for (Path file : files) Files.deleteIfExists(file);
      }
    }
  }
}
