package dev.graft.cli;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.Publications;
import dev.graft.artifacts.S3ArtifactStore;
import dev.graft.artifacts.StoreCopy;
import dev.graft.client.Screen;
import dev.graft.platform.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code graft artifacts}: where the artifacts of a server lie, and whether all are there. */
@Command(
    name = "artifacts",
    description = "Copy a server's artifacts between its data directory and a bucket; check them.",
    mixinStandardHelpOptions = true,
    subcommands = {ArtifactsCommand.Copy.class, ArtifactsVerifyCommand.class})
final class ArtifactsCommand {
  /** Where artifacts can lie. */
  enum Place {
    FILESYSTEM,
    S3
  }

  @Command(
      name = "copy",
      mixinStandardHelpOptions = true,
      description = {
        "Copy all artifacts from the data directory to the bucket of graft.artifacts.s3, or back.",
        "Each is compared with its SHA-256. What is there is not copied again: a copy that was"
            + " stopped goes on, and one beside a running server is completed by a second one when"
            + " the server is stopped. Nothing is removed."
      })
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class Copy implements Callable<Integer> {
    private static final long NEWS_EVERY = TimeUnit.SECONDS.toNanos(2);

    @Spec private CommandSpec spec;

    @Option(names = "--from", required = true, description = "filesystem or s3.")
    private Place from;

    @Option(names = "--to", required = true, description = "filesystem or s3.")
    private Place to;

    @Option(
        names = "--verify",
        description = "Read what is there as well, and replace what is damaged.")
    private boolean verify;

    @Mixin private ServerOptions options;

    private long told = System.nanoTime();

    @Override
    public Integer call() throws IOException {
      if (from == to) {
        throw new ParameterException(
            spec.commandLine(), "--from and --to are the same: one is filesystem, the other s3");
      }
      Screen screen = Screen.standard();
      try (StoreSettings settings = StoreSettings.read(options);
          FileArtifactStore files = files(settings.root());
          S3ArtifactStore bucket =
              S3ArtifactStore.open(settings.bucket(), settings.root(), Publications.NONE)) {
        ArtifactStore source = from == Place.FILESYSTEM ? files : bucket;
        ArtifactStore target = to == Place.FILESYSTEM ? files : bucket;
        return end(screen, new StoreCopy(source, target, verify, news -> tell(screen, news)).run());
      }
    }

    private FileArtifactStore files(Path root) throws IOException {
      if (from == Place.FILESYSTEM && !Files.isDirectory(root)) {
        throw new ParameterException(
            spec.commandLine(), root + " is not there: give the server's --data-dir");
      }
      return FileArtifactStore.open(root);
    }

    private synchronized void tell(Screen screen, StoreCopy.Progress news) {
      if (System.nanoTime() - told < NEWS_EVERY && news.blobs() < news.ofBlobs()) return;
      told = System.nanoTime();
      screen.doing(
          "artifacts",
          "%,d of %,d, %s of %s"
              .formatted(
                  news.blobs(),
                  news.ofBlobs(),
                  Bytes.gigabytes(news.bytes()),
                  Bytes.gigabytes(news.ofBytes())));
    }

    private int end(Screen screen, StoreCopy.Copied result) {
      screen.done("artifacts", "compared by SHA-256");
      var out = spec.commandLine().getOut();
      out.printf(
          "%d copied (%d bytes), %d were there, %d kept by name, %d damaged%n",
          result.copied(), result.bytes(), result.found(), result.kept(), result.damaged().size());
      out.flush();
      result
          .damaged()
          .forEach(
              digest ->
                  spec.commandLine()
                      .getErr()
                      .println("graft: damaged, not copied: sha256:" + digest));
      spec.commandLine().getErr().flush();
      return result.damaged().isEmpty() ? 0 : 1;
    }
  }
}
