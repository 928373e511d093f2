package dev.graft.datasets;

import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Each test has a department of its own, and its files over HTTP. */
public abstract class OwnDepartment {
  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  protected String department = "";
  protected DatasetsApi api = new DatasetsApi(0, "");

  @BeforeEach
  void newDepartment() {
    department = departments.ensure("d-" + UUID.randomUUID());
    api = of(department);
  }

  /** That of one more department. */
  protected final DatasetsApi another() {
    return of(departments.ensure("d-" + UUID.randomUUID()));
  }

  private DatasetsApi of(String id) {
    return new DatasetsApi(port, keys.create(id, Caller.Scope.USER).secret());
  }
}
