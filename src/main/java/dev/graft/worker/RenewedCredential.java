package dev.graft.worker;

import dev.graft.jobs.lease.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.Secrets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import tools.jackson.core.JacksonException;

/**
 * The credential in the worker's directory, renewed when the server says that it is time. What is
 * proposed is on the disk before the server hears of it, so that this or the next process asks for
 * the same one again. Processes that share the directory renew in turns and take over what another
 * one got.
 */
final class RenewedCredential implements ShownCredential {
  private static final Logger log = LoggerFactory.getLogger(RenewedCredential.class);

  private final WorkerProperties settings;
  private final Path file;
  private final AtomicBoolean renewing = new AtomicBoolean();
  private volatile String shown;

  /**
   * @param shown that the worker has joined with
   */
  RenewedCredential(WorkerProperties settings, String shown) {
    this.settings = settings;
    this.file = CredentialFile.of(settings);
    this.shown = shown;
  }

  @Override
  public String shown() {
    return shown;
  }

  @Override
  public boolean replaced(String refused) {
    try {
      if (shown.equals(refused)) shown = CredentialFile.read(file).credential();
    } catch (IOException | JacksonException unreadable) {
      return false;
    }
    return !shown.equals(refused);
  }

  /** Beside the call that brought the news: a heartbeat does not wait for it. */
  @Override
  public void renew(String due, WorkerHttp http) {
    if (!due.equals(shown) || !renewing.compareAndSet(false, true)) return;
    Thread.ofVirtual()
        .name("credential renewal")
        .start(
            () -> {
              try {
                renew(http);
              } catch (IOException
                  | UncheckedIOException
                  | LeaseRefused
                  | JacksonException
                  | OverlappingFileLockException later) {
                log.atWarn().addKeyValue("cause", later.getMessage()).log("credential_not_renewed");
              } finally {
                renewing.set(false);
              }
            });
  }

  private void renew(WorkerHttp http) throws IOException {
    try (FileChannel turn =
            FileChannel.open(
                file.resolveSibling("credential.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock _ = turn.lock()) {
      CredentialFile kept = CredentialFile.read(file);
      if (!kept.credential().equals(shown)) {
        shown = kept.credential();
        return;
      }
      String next = kept.next();
      if (next == null) next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
      kept.proposing(next).write(file);
      http.post("/credential", new LeaseWire.RenewRequest(next), settings.callTimeout());
      new CredentialFile(kept.workerId(), next, null).write(file);
      shown = next;
      try (var _ = MDC.putCloseable("worker", kept.workerId())) {
        log.atInfo().log("credential_renewed");
      }
    }
  }
}
