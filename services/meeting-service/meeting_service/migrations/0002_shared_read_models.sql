-- People and profiles are kept by the shared read models now, which read them anew.
DROP TABLE people, people_roles, profiles;
