package dev.graft.tenancy.projects;

import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

/** The people, of all departments and of none. */
interface PersonRows extends JpaRepository<PersonRow, String> {
  @Query("select p.id from PersonRow p where lower(p.email) = lower(:email)")
  Optional<String> findIdByEmail(String email);
}
