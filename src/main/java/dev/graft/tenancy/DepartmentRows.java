package dev.graft.tenancy;

import java.util.Optional;
import org.springframework.data.repository.Repository;

interface DepartmentRows extends Repository<Department, String> {
  Department save(Department department);

  Optional<Department> findById(String id);

  Optional<Department> findByName(String name);
}
