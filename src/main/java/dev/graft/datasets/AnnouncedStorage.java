package dev.graft.datasets;

/** What uploads that are under way will need. */
public interface AnnouncedStorage {
  /** Bytes that the department's pending uploads have announced. */
  long announcedBytes(String departmentId);
}
