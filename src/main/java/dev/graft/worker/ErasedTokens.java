package dev.graft.worker;

import dev.graft.artifacts.ErasedContent;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;

/**
 * Training files as tokens do not tell whose they are: with each erasure all of them go. Whoever
 * reads one reads on, and the others are made again.
 */
final class ErasedTokens {
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
