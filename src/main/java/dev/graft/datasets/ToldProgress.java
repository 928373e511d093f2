package dev.graft.datasets;

import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import java.util.concurrent.TimeUnit;

/** Once a second; who has lost the claim stops. */
final class ToldProgress implements RemoteFiles.Progress {
  private static final long TELL = TimeUnit.SECONDS.toNanos(1);

  private final LeasedWork work;
  private final FileImports imports;
  private final WorkClaim claim;
  private final Reservation place;
  private final long all;
  private long at = System.nanoTime() - TELL;

  /**
   * @param place kept for as long as bytes arrive
   * @param all bytes that will
   */
  ToldProgress(LeasedWork work, FileImports imports, WorkClaim claim, Reservation place, long all) {
    this.work = work;
    this.imports = imports;
    this.claim = claim;
    this.place = place;
    this.all = all;
  }

  @Override
  public void at(long bytes) {
    long now = System.nanoTime();
    if (now - at < TELL && bytes < all) return;
    at = now;
    place.keep();
    if (work.progressed(claim) && imports.progress(claim.subject(), bytes)) return;
    throw new IllegalStateException("the import was cancelled, or is another server's");
  }
}
