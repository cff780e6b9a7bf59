"""Half-lives of PET nuclides, for headers that name the nuclide and not the number."""

# Seconds. F-18, Ga-68 as in the IBSI SUV reference objects (Vacha et al.); the others from the
# Decay Data Evaluation Project, doi 10.1016/j.apradiso.2009.01.028 and later tables.
HALF_LIFE_S = {
    "C-11": 1221.8,
    "N-13": 597.9,
    "O-15": 122.2,
    "F-18": 6586.2,
    "Cu-64": 45723.0,
    "Ga-68": 4057.7,
    "Rb-82": 75.5,
    "Zr-89": 282276.0,
    "I-124": 360806.0,
}
