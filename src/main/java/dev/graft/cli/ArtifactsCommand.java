package dev.graft.cli;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobCheck;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.Publications;
import dev.graft.artifacts.S3ArtifactStore;
import dev.graft.artifacts.S3Properties;
import dev.graft.artifacts.StoreCopy;
import dev.graft.artifacts.StoreProperties;
import dev.graft.client.Screen;
import dev.graft.platform.Bytes;
import dev.graft.platform.GraftProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code graft artifacts}: copies a server's artifacts between directory and bucket, and verifies
 * them.
 */
@Command(
    name = "artifacts",
    description = "Copy a server's artifacts between its data directory and a bucket; check them.",
    mixinStandardHelpOptions = true,
    subcommands = {ArtifactsCommand.Copy.class, ArtifactsCommand.ArtifactsVerifyCommand.class})
final class ArtifactsCommand {
  /** Where artifacts are stored. */
  enum Place {
    FILESYSTEM,
    S3
  }

  @Command(
      name = "copy",
      mixinStandardHelpOptions = true,
      description = {
        "Copy all artifacts from the data directory to the bucket of graft.artifacts.s3, or back.",
        "Every artifact is checked against its SHA-256. Artifacts that the target already has are"
            + " skipped, so a copy that was interrupted can be repeated. You may copy beside a"
            + " running server if you stop the server and copy again at the end. Nothing is"
            + " deleted."
      })
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class Copy extends CliCommand implements Callable<Integer> {
    private static final long REPORT_EVERY = TimeUnit.SECONDS.toNanos(2);

    @Option(names = "--from", required = true, description = "filesystem or s3.")
    private Place from;

    @Option(names = "--to", required = true, description = "filesystem or s3.")
    private Place to;

    @Option(names = "--verify", description = "Also check existing copies; replace damaged ones.")
    private boolean verify;

    @Mixin private ServerOptions options;

    private long reportedAt = System.nanoTime();

    @Override
    public Integer call() throws IOException {
      if (from == to) {
        throw wrong("--from and --to must differ: one is filesystem, the other s3");
      }
      Screen screen = Screen.standard();
      try (StoreSettings settings = StoreSettings.read(options);
          FileArtifactStore files = files(settings.root());
          S3ArtifactStore bucket =
              S3ArtifactStore.open(settings.bucket(), settings.root(), Publications.NONE)) {
        ArtifactStore source = from == Place.FILESYSTEM ? files : bucket;
        ArtifactStore target = to == Place.FILESYSTEM ? files : bucket;
        return end(
            screen,
            new StoreCopy(source, target, verify, progress -> report(screen, progress)).run());
      }
    }

    private FileArtifactStore files(Path root) throws IOException {
      if (from == Place.FILESYSTEM && !Files.isDirectory(root)) {
        throw wrong(root + " does not exist: pass the server's --data-dir");
      }
      return FileArtifactStore.open(root);
    }

    private synchronized void report(Screen screen, StoreCopy.Progress progress) {
      if (System.nanoTime() - reportedAt < REPORT_EVERY && progress.blobs() < progress.ofBlobs())
        return;
      reportedAt = System.nanoTime();
      screen.doing(
          "artifacts",
          "%,d of %,d, %s of %s"
              .formatted(
                  progress.blobs(),
                  progress.ofBlobs(),
                  Bytes.shown(progress.bytes()),
                  Bytes.shown(progress.ofBytes())));
    }

    private int end(Screen screen, StoreCopy.Copied result) {
      screen.done("artifacts", "checked against their SHA-256");
      print(
          "%d copied (%d bytes), %d already there, %d named files copied, %d damaged"
              .formatted(
                  result.copied(),
                  result.bytes(),
                  result.found(),
                  result.kept(),
                  result.damaged().size()));
      result.damaged().forEach(digest -> note("graft: damaged, not copied: sha256:" + digest));
      return result.damaged().isEmpty() ? 0 : 1;
    }
  }

  /** {@code graft artifacts verify}: checks the artifacts, for example after a restore. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Check that every artifact that the database refers to is in the data directory or bucket,"
            + " and that its content matches its SHA-256.",
        "You may run this beside a running server; it changes nothing. Prints a line for each"
            + " artifact that is missing or damaged, then the totals; exits with status 1 if there"
            + " is one."
      })
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class ArtifactsVerifyCommand extends CliCommand implements Callable<Integer> {
    private static final long REPORT_EVERY = TimeUnit.SECONDS.toNanos(2);

    @Option(names = "--presence", description = "Only check that artifacts exist, without reading.")
    private boolean presence;

    @Mixin private ServerOptions options;

    private long reportedAt = System.nanoTime();
    private int blobs;
    private long bytes;

    @Override
    public Integer call() throws IOException {
      Screen screen = Screen.standard();
      try (ServerContext server = ServerContext.open(options)) {
        BlobCheck check = server.get(BlobCheck.class);
        return end(check.check(!presence, blob -> report(screen, blob)));
      }
    }

    private void report(Screen screen, BlobRef blob) {
      blobs++;
      bytes += blob.bytes();
      if (System.nanoTime() - reportedAt < REPORT_EVERY) return;
      reportedAt = System.nanoTime();
      screen.doing("artifacts", "%,d, %s".formatted(blobs, Bytes.shown(bytes)));
    }

    private int end(BlobCheck.Checked checked) {
      for (BlobCheck.Faulty each : checked.faulty()) {
        print(
            "%s sha256:%s used by %s"
                .formatted(
                    each.fault().name().toLowerCase(Locale.ROOT),
                    each.digest(),
                    String.join(", ", each.namedBy())));
      }
      print(
          "%d artifacts (%d bytes) %s: %d missing, %d damaged"
              .formatted(
                  checked.blobs(),
                  checked.bytes(),
                  presence ? "checked for presence" : "read",
                  count(checked, BlobCheck.Fault.MISSING),
                  count(checked, BlobCheck.Fault.DAMAGED)));
      return checked.faulty().isEmpty() ? 0 : 1;
    }

    private static long count(BlobCheck.Checked checked, BlobCheck.Fault fault) {
      return checked.faulty().stream().filter(each -> each.fault() == fault).count();
    }
  }

  /**
   * The settings of a server's artifact stores, read as {@code serve} reads them, without its
   * database.
   */
  record StoreSettings(ConfigurableApplicationContext context) implements AutoCloseable {
    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties({
      GraftProperties.class,
      StoreProperties.class,
      S3Properties.class
    })
    static class Read {}

    static StoreSettings read(ServerOptions options) {
      List<String> arguments = new ArrayList<>(options.arguments());
      arguments.addAll(ServerContext.QUIET);
      return new StoreSettings(
          new SpringApplicationBuilder(Read.class)
              .web(WebApplicationType.NONE)
              .run(arguments.toArray(String[]::new)));
    }

    Path root() {
      return context.getBean(StoreProperties.class).root(context.getBean(GraftProperties.class));
    }

    S3Properties bucket() {
      return context.getBean(S3Properties.class);
    }

    @Override
    public void close() {
      context.close();
    }
  }
}
