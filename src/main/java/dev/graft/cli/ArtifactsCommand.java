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
import java.io.PrintWriter;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code graft artifacts}: where the artifacts of a server lie, and whether all are there. */
@Command(
    name = "artifacts",
    description = "Copy a server's artifacts between its data directory and a bucket; check them.",
    mixinStandardHelpOptions = true,
    subcommands = {ArtifactsCommand.Copy.class, ArtifactsCommand.ArtifactsVerifyCommand.class})
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

  /** {@code graft artifacts verify}: after a restore, and whenever one wants to know. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = {
        "Check that every artifact that the database names is in the data directory or bucket, and"
            + " that its content has its SHA-256.",
        "Works beside a running server and changes no artifact. Prints a line for each that is"
            + " missing or damaged, then the numbers; ends with 1 if there is one."
      })
  @SuppressWarnings("NullAway.Init") // picocli fills the fields
  static final class ArtifactsVerifyCommand implements Callable<Integer> {
    private static final long NEWS_EVERY = TimeUnit.SECONDS.toNanos(2);

    @Spec private CommandSpec spec;

    @Option(
        names = "--presence",
        description = "Only look whether they are there: reads none but the lists of files.")
    private boolean presence;

    @Mixin private ServerOptions options;

    private long told = System.nanoTime();
    private int blobs;
    private long bytes;

    @Override
    public Integer call() throws IOException {
      Screen screen = Screen.standard();
      try (ServerContext server = ServerContext.open(options)) {
        BlobCheck check = server.get(BlobCheck.class);
        return end(check.check(!presence, blob -> tell(screen, blob)));
      }
    }

    private void tell(Screen screen, BlobRef blob) {
      blobs++;
      bytes += blob.bytes();
      if (System.nanoTime() - told < NEWS_EVERY) return;
      told = System.nanoTime();
      screen.doing("artifacts", "%,d, %s".formatted(blobs, Bytes.gigabytes(bytes)));
    }

    private int end(BlobCheck.Checked checked) {
      PrintWriter out = spec.commandLine().getOut();
      for (BlobCheck.Faulty each : checked.faulty()) {
        out.printf(
            "%s sha256:%s named by %s%n",
            each.fault().name().toLowerCase(Locale.ROOT),
            each.digest(),
            String.join(", ", each.namedBy()));
      }
      out.printf(
          "%d artifacts (%d bytes) %s: %d missing, %d damaged%n",
          checked.blobs(),
          checked.bytes(),
          presence ? "looked for" : "read",
          count(checked, BlobCheck.Fault.MISSING),
          count(checked, BlobCheck.Fault.DAMAGED));
      out.flush();
      return checked.faulty().isEmpty() ? 0 : 1;
    }

    private static long count(BlobCheck.Checked checked, BlobCheck.Fault fault) {
      return checked.faulty().stream().filter(each -> each.fault() == fault).count();
    }
  }

  /**
   * Where a server's artifacts lie, by the configuration of {@code serve}, without its database.
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
