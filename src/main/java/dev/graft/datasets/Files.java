package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;

/** The files of the departments. */
@Service
@Profile("server")
public class Files {
  /**
   * The file of this department, processed and usable for training.
   *
   * @param param the request field to name in the error, such as {@code training_file}
   */
  public TrainingFile requireTrainable(String departmentId, String fileId, String param) {
    throw new UnsupportedOperationException("owner: datasets");
  }

  /** Records a file that Graft made (purpose {@code fine-tune-results}); returns its id. */
  public String storeResult(String departmentId, String filename, BlobRef blob) {
    throw new UnsupportedOperationException("owner: datasets");
  }
}
