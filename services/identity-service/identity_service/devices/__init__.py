"""Devices that a person has logged in on before."""
