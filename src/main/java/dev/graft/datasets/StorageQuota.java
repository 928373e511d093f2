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
 * The limit for what a department stores: its files, the announced bytes of its pending uploads and
 * imports, and the reservations of uploads under way.
 */
@Component
class StorageQuota implements QuotaUsage {
  private static final Duration BUSY = Duration.ofSeconds(1);

  private final TransactionLocks locks;
  private final DataFiles files;
  private final Uploads uploads;
  private final FileImports imports;
  private final StorageReservations reservations;
  private final DepartmentLimits limits;
  private final FileProperties settings;

  StorageQuota(
      TransactionLocks locks,
      DataFiles files,
      Uploads uploads,
      FileImports imports,
      StorageReservations reservations,
      DepartmentLimits limits,
      FileProperties settings) {
    this.locks = locks;
    this.files = files;
    this.uploads = uploads;
    this.imports = imports;
    this.reservations = reservations;
    this.limits = limits;
    this.settings = settings;
  }

  /**
   * Throws {@link RequestFailed} 429 unless the department may store this many more bytes. Until
   * the transaction ends, other requests of the department wait here.
   */
  @Transactional(propagation = Propagation.MANDATORY)
  public void require(String departmentId, long bytes) {
    locks.take("storage of " + departmentId);
    long most = most(departmentId);
    long stored = stored(departmentId);
    if (bytes > most - stored) throw full(stored, most);
  }

  /** As {@link #require}, for the file of a reservation, which this ends. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void require(Reservation reservation, long bytes) {
    // Before removing the reservation: add() takes the lock first too, and deletes expired ones.
    locks.take("storage of " + reservation.departmentId());
    reservations.remove(reservation);
    require(reservation.departmentId(), bytes);
  }

  /**
   * Reserves room and a place for an upload, before its first byte.
   *
   * @param bytes that may arrive; less is reserved if less is left and that is enough for the file
   * @param form those of the bytes that may belong to the form around the file
   * @throws RequestFailed 429 if there is no room, or too many uploads are under way
   */
  @Transactional
  public Reservation reserve(String departmentId, long bytes, long form) {
    locks.take("storage of " + departmentId);
    if (reservations.of(departmentId).uploads() >= settings.maxConcurrent()) {
      throw new RequestFailed(
              ProblemType.RATE_LIMITED,
              "%d uploads of this department are under way; try again when one has ended."
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
        "This department uses %d of the %d bytes that it may store; delete files first."
            .formatted(stored, most));
  }

  @Override
  public List<Measure> of(String departmentId) {
    return List.of(new Measure("stored_bytes", stored(departmentId), most(departmentId)));
  }

  private long stored(String departmentId) {
    return files.storedBytes(departmentId)
        + uploads.announcedBytes(departmentId)
        + imports.announcedBytes(departmentId)
        + reservations.of(departmentId).bytes();
  }

  private long most(String departmentId) {
    Long own = limits.of(departmentId).maxStoredBytes();
    return own == null ? settings.maxStored().toBytes() : own;
  }

  /**
   * The reservations of uploads under way. A reservation that is not renewed expires, for example
   * when its server died.
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

    /** The reservations of a department. */
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

    /** Adds a reservation and deletes expired ones. */
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

  /** Room and a place for one upload, released when it ends or fails. */
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

    /** Returns the most bytes that may arrive. */
    public long bytes() {
      return bytes;
    }

    /** Renews the reservation. Call this while the upload goes on. */
    public void keep() {
      long now = System.nanoTime();
      if (now - renewed < RENEWED_EVERY) return;
      renewed = now;
      all.renew(this);
    }

    /** Returns the content as a stream that renews the reservation while it is read. */
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
