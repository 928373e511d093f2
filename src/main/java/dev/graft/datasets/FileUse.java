package dev.graft.datasets;

import java.util.Optional;

/** Implemented by those who work with files: what must end before a file may be deleted. */
public interface FileUse {
  /** The id of something unfinished that uses this file, such as a job, if there is one. */
  Optional<String> userOf(String departmentId, String fileId);
}
