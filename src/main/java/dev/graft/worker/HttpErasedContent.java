package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ErasedContent;
import dev.graft.jobs.lease.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.WorkerLink;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Asks the server. */
record HttpErasedContent(WorkerLink link, Duration deadline) implements ErasedContent {
  /** Of a request. */
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
      throw new IOException("the server does not say what is erased: " + refused.getMessage());
    }
  }
}
