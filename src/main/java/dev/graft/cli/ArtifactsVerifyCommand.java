package dev.graft.cli;

import dev.graft.artifacts.BlobCheck;
import dev.graft.artifacts.BlobRef;
import dev.graft.client.Screen;
import dev.graft.platform.Bytes;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
final class ArtifactsVerifyCommand implements Callable<Integer> {
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
