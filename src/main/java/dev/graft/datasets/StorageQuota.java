package dev.graft.datasets;

import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Limits.DepartmentLimits;
import dev.graft.tenancy.Limits.QuotaUsage;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * How much a department may store: its files, what its pending uploads and imports have announced,
 * and what was promised to those under way.
 */
@Component
class StorageQuota implements QuotaUsage {
  private static final Duration BUSY = Duration.ofSeconds(1);

  private final TransactionLocks locks;
  private final FileRows files;
  private final List<AnnouncedUploads> announced;
  private final StorageReservations reservations;
  private final DepartmentLimits limits;
  private final FileProperties settings;

  StorageQuota(
      TransactionLocks locks,
      FileRows files,
      List<AnnouncedUploads> announced,
      StorageReservations reservations,
      DepartmentLimits limits,
      FileProperties settings) {
    this.locks = locks;
    this.files = files;
    this.announced = announced;
    this.reservations = reservations;
    this.limits = limits;
    this.settings = settings;
  }

  /** What uploads, or imports, that are under way will need. */
  public interface AnnouncedUploads {
    /** Bytes that those of the department that have not ended have announced. */
    long announcedBytes(String departmentId);
  }

  /**
   * Throws {@link RequestFailed} 429 unless there is room for so many bytes more. Until the
   * transaction ends, no other of this department is told yes.
   */
  @Transactional(propagation = Propagation.MANDATORY)
  public void require(String departmentId, long bytes) {
    locks.take("storage of " + departmentId);
    long most = most(departmentId);
    long stored = stored(departmentId);
    if (bytes > most - stored) throw full(stored, most);
  }

  /** As {@link #require}, for what the reservation was for, which ends herewith. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void require(Reservation reservation, long bytes) {
    // First, as where one is made, which forgets those that have ended.
    locks.take("storage of " + reservation.departmentId());
    reservations.remove(reservation);
    require(reservation.departmentId(), bytes);
  }

  /**
   * Room and a place for an upload, before its first byte.
   *
   * @param bytes that may come: it gets what is left, if that is enough for the file
   * @param form bytes of these that may be none of the file's
   * @throws RequestFailed 429 if there is no room, or too many are under way
   */
  @Transactional
  public Reservation reserve(String departmentId, long bytes, long form) {
    locks.take("storage of " + departmentId);
    if (reservations.of(departmentId).uploads() >= settings.maxConcurrent()) {
      throw new RequestFailed(
              ProblemType.RATE_LIMITED,
              "%d uploads of this department are under way; try again when one of them has ended."
                  .formatted(settings.maxConcurrent()))
          .retryAfter(BUSY);
    }
    long most = most(departmentId);
    long stored = stored(departmentId);
    long left = Math.max(0, most - stored);
    if (bytes > 0 && (left == 0 || bytes - form > left)) throw full(stored, most);
    return reservations.add(departmentId, Math.min(bytes, left));
  }

  private static RequestFailed full(long stored, long most) {
    return new RequestFailed(
        ProblemType.QUOTA_EXCEEDED,
        "%d of the %d bytes that this department may store are taken; delete files first."
            .formatted(stored, most));
  }

  @Override
  public List<Measure> of(String departmentId) {
    return List.of(new Measure("stored_bytes", stored(departmentId), most(departmentId)));
  }

  private long stored(String departmentId) {
    return files.storedBytes(departmentId)
        + announced.stream().mapToLong(each -> each.announcedBytes(departmentId)).sum()
        + reservations.of(departmentId).bytes();
  }

  private long most(String departmentId) {
    Long said = limits.of(departmentId).maxStoredBytes();
    return said == null ? settings.maxStored().toBytes() : said;
  }

  /**
   * What uploads under way have been promised. A reservation ends when it is not renewed, as when
   * its server died.
   */
  @Component
  static class StorageReservations {
    private static final int LIFETIME_SECONDS = 300;

    private final JdbcClient sql;
    private final Ids ids;

    StorageReservations(JdbcClient sql, Ids ids) {
      this.sql = sql;
      this.ids = ids;
    }

    /** What a department has reserved. */
    record Held(int uploads, long bytes) {}

    Held of(String departmentId) {
      return sql.sql(
              """
              select count(*), coalesce(sum(bytes), 0)::bigint as bytes from storage_reservation
               where department_id = :department and expires_at > graft_now()
              """)
          .param("department", departmentId)
          .query((row, n) -> new Held(row.getInt("count"), row.getLong("bytes")))
          .single();
    }

    /** Another one; those that have ended are forgotten. */
    Reservation add(String departmentId, long bytes) {
      sql.sql(
              """
              delete from storage_reservation
               where department_id = :department and expires_at <= graft_now()
              """)
          .param("department", departmentId)
          .update();
      String id = ids.next("reservation_");
      sql.sql(
              """
              insert into storage_reservation (id, department_id, bytes, expires_at)
              values (:id, :department, :bytes, graft_now() + :seconds * interval '1 second')
              """)
          .params(Map.of("id", id, "department", departmentId, "bytes", bytes))
          .param("seconds", LIFETIME_SECONDS)
          .update();
      return new Reservation(this, id, departmentId, bytes);
    }

    void renew(Reservation held) {
      sql.sql(
              """
              update storage_reservation set expires_at = graft_now() + :seconds * interval '1 second'
               where id = :id and department_id = :department
              """)
          .params(Map.of("id", held.id(), "department", held.departmentId()))
          .param("seconds", LIFETIME_SECONDS)
          .update();
    }

    void remove(Reservation held) {
      sql.sql("delete from storage_reservation where id = :id and department_id = :department")
          .params(Map.of("id", held.id(), "department", held.departmentId()))
          .update();
    }
  }

  /** Room and a place for one upload, given back at its end whatever that is. */
  static final class Reservation implements AutoCloseable {
    private static final long RENEWED_EVERY = Duration.ofMinutes(1).toNanos();

    private final StorageReservations all;
    private final String id;
    private final String departmentId;
    private final long bytes;
    private long renewed = System.nanoTime();

    Reservation(StorageReservations all, String id, String departmentId, long bytes) {
      this.all = all;
      this.id = id;
      this.departmentId = departmentId;
      this.bytes = bytes;
    }

    String id() {
      return id;
    }

    String departmentId() {
      return departmentId;
    }

    /** As many may come. */
    public long bytes() {
      return bytes;
    }

    /** It holds on for as long as this is called from time to time. */
    public void keep() {
      long now = System.nanoTime();
      if (now - renewed < RENEWED_EVERY) return;
      renewed = now;
      all.renew(this);
    }

    /** The content, which keeps the reservation for as long as it arrives. */
    public InputStream renewedBy(InputStream content) {
      return new FilterInputStream(content) {
        @Override
        public int read() throws IOException {
          keep();
          return in.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
          keep();
          return in.read(into, offset, length);
        }
      };
    }

    @Override
    public void close() {
      all.remove(this);
    }
  }
}
