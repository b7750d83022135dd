"""What a person sees: the only code that touches elements. A view shows and announces; it never decides.

Text goes in as `textContent`, structure is cloned from `<template>`s: no HTML is ever made from a string.
"""
