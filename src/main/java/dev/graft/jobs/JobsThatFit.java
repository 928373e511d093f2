package dev.graft.jobs;

/**
 * Which waiting jobs a device may get, as SQL. A job asks for a class of worker or any ({@code
 * worker_class}), for a kind and number of devices ({@code device_needs}) and for memory; index
 * {@code job_meets} has a department's jobs in this order. {@link #sizes} steps from one
 * combination to the next without reading the jobs between: past all sizes of needs that the device
 * does not meet, and past those that are too large for it.
 */
final class JobsThatFit {
  private JobsThatFit() {}

  /**
   * A device, as SQL expressions.
   *
   * @param classes the values of {@code worker_class} that it takes, an array
   * @param declined ids of jobs that its worker has no room for, an array
   */
  public record Offered(
      String classes,
      String kind,
      String capability,
      String devices,
      String memory,
      String declined) {
    /** A device of a worker that takes whatever it meets. */
    public Offered(String classes, String kind, String capability, String devices, String memory) {
      this(classes, kind, capability, devices, memory, "'{}'::text[]");
    }

    /** What {@link #startable} and {@link #fits} ask of a row {@code m} of {@link #sizes}. */
    String fits() {
      return "(m.size <= %s and device_meets(m.needs, %s, %s, %s))"
          .formatted(memory, kind, capability, devices);
    }
  }

  /** The values of {@code worker_class} that a worker {@code w} takes on a device. */
  static String classes(String dedicated) {
    return "case when %s then array[w.class] else array['', w.class] end".formatted(dedicated);
  }

  /**
   * The body of a recursive {@code m}: one row for each class, needs and size of which a department
   * has a job that could start now, of those that fit and some that do not.
   */
  static String sizes(String department, Offered device) {
    return """
    select k.class, f.needs, f.size
      from unnest(%1$s) k (class) cross join lateral
           (select device_needs as needs, memory_bytes as size from job q
             where q.department_id = %2$s and q.state = 'queued' and q.worker_class = k.class
               and q.id <> all(%5$s) and q.available_at <= (select graft_now())
             order by q.device_needs, q.memory_bytes limit 1) f
    union all
    select m.class, f.needs, f.size
      from m cross join lateral
           (select device_needs as needs, memory_bytes as size from job q
             where q.department_id = %2$s and q.state = 'queued' and q.worker_class = m.class
               and q.id <> all(%5$s) and (q.device_needs, q.memory_bytes)
                     > (m.needs, case when %3$s then m.size else %4$d end)
               and q.available_at <= (select graft_now())
             order by q.device_needs, q.memory_bytes limit 1) f
    """
        .formatted(device.classes(), department, device.fits(), Long.MAX_VALUE, device.declined());
  }

  /** True if a department has a job that could start now on the device, else null. */
  public static String startable(String department, Offered device) {
    return "(with recursive m as (\n%s) select true from m where %s limit 1)"
        .formatted(sizes(department, device), device.fits());
  }
}
